"""A page that `write_report` wrote, read back."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """Tags with attributes, steps with class and score, and all text."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.steps, self.text = [], [], ""
        self.source = path.read_text()
        self.feed(self.source)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if "data-score" in attributes:
            self.steps.append((attributes["class"].split()[1:], attributes["data-score"].split()))

    def handle_data(self, data):
        self.text += data
