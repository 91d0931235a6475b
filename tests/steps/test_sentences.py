"""Hand-worked cases. ``¦`` shows where the boundaries are expected."""

import sys
import unicodedata

import pytest

from local_naturalness.steps import brackets, quotations, split_steps

OPENING_OR_CLOSING = {"Ps", "Pe", "Pi", "Pf"}

CASES = {
    "sentences": "We add them.¦ Is it five?¦ Yes it is five!¦ Good, we stop.",
    "lines": "First we add\n¦Then we subtract\n\n¦And we stop here.",
    "lower case goes on": "We add 5 apples vs. 6 pears.¦ Then we stop.",
    "decimals and versions": "Take 1.5 and 0.25 of v2.10.3 here.¦ That is all.",
    "url": "See https://a.org/b.c?d=1 for this.¦ Or see www.a.org.¦ That works.",
    "ellipsis": "Wait... maybe it is 1, 2, ... 10 then...¦ Actually no.",
    "ellipsis character": "Let me think… about it, 1, … 9.¦ That is all.",
    # Abbreviations
    "latin": "It is small, i.e. Near zero, e.g. Newton wrote so, cf. Euler.¦ Then stop.",
    "references": "By Eq. 3 and Fig. 2 (see Sec. $4$, Thm. (5) and pp. 6) it holds.¦ Then stop.",
    "no. and number": "Take no. 5 of them now.¦ The answer is no.¦ Then we stop here.",
    "titles": "Ask Dr. Smith or Prof. Lee about it.¦ They know it.",
    "initials": "This was told by J. R. R. Tolkien.¦ So the answer is A.¦ Then we stop.",
    "Q.E.D.": "This proves it. Q.E.D.\n\n¦Next we go on.",
    "factorial": "We need 5! 3! 2! and n! $2$ ways.¦ That is 5!¦ Then we stop.",
    # LaTeX
    "inline dollars": "Let $x. Y = 1$ and $a$.¦ $B$ is two.",
    "padded dollars": "With $ x. Y $ and $ z! Z $ we go.¦ Then we stop.",
    "inline brackets": r"Let \(x. Y? Z\) be one.¦ Then \( a! B \) is two.",
    "formula of more than 1,000 characters": f"Let \\({'x + ' * 300}y.¦ Then z\\) be it.",
    "sentence ends in mathematics": "So we get $x = 1.$¦ Then \\(y = 2.\\)¦ And we stop.",
    "money": "It costs $5.¦ That is cheap.¦ She pays $6 for it.",
    "money in a formula": "It costs $5.¦ That leaves 10-$6 of it.",
    "escaped dollars": r"It costs \$5.¦ She pays \$6.¦ That is all.",
    "display belongs to its sentence": (
        "We find\n\n\\[\nx = 1. Y\n\n= 2\n\\]\n\nwhere $x$ is one.¦ Then we stop."
    ),
    "sentence after display": "We find:\n$$\nx = 1\n$$\n¦Then we add.",
    "display after a sentence": "We add them up.\n¦\\[ x + y = 12 \\]\n¦Then we stop.",
    "blank line in a display": (
        "We find\n$$\nx = 1. Y\n\ny = 2\n$$\n¦Then we add them up.¦ So it is three.\n"
        "¦$$\nz = 3\n$$\n¦We are done here."
    ),
    "blank line in a display within a line": "We find $$x = 1. Y\n\n= 2$$\n¦Then we add them.",
    "display left open before another": (
        "We find\n$$\n¦x = 123456\n\n¦Thus we get:\n\n$$\ny = 2. Z\n$$\n¦Then we add them."
    ),
    "display whose beginning is lost": (
        "x = 12345\n$$\n\n¦So we\nget it.\n¦$$\ny = 2. Z\n\nw = 3\n$$\n¦Then we stop."
    ),
    "display left open before a formula": (
        "$$\nx = 1234\n\n¦\\(so\\) $y$ is one.\n¦$$\ny = 2\n$$\n¦Then we stop."
    ),
    "displays in a row": "We find\n\\[ x = 1111 \\]\n¦\\[ y = 2222 \\]",
    "row break is no bracket": ("\\begin{align}\nx &= 1. \\\\[2pt]\nY &= 2.\n\\end{align}\n¦Then we stop."),
    "nested environments": (
        "\\begin{array}{c} A. B\n\\begin{array}{c} C. D \\end{array}\nE. F \\end{array}\n¦Then we stop."
    ),
    "starred environment": "\\begin{align*}\na. B\n\nc. D\n\\end{align*}\n¦Then we stop.",
    "environments of prose": "\\begin{proof} We add them.¦ Then we stop. \\end{proof}",
    # Code and marks
    "inline code": "Call `a. B? C` and ``d`. E`` first.¦ Then stop it.",
    "three backticks in a line": "We call ```a. B```\n¦Then we stop.",
    "code block": "We run it here:\n¦```python\nx = 1\n\nprint('A. B')\n```\n¦It prints that.",
    "code block within a line": "We run it:¦ ```python\nx = 1. \nY\n```\n¦It prints that.",
    "tildes": "We run it here:\n¦~~~\na. B\n```\nc\n~~~\n¦It prints that.",
    "longer closing fence": "We run it here:\n¦```python\nx = 1\n````\n¦It prints one.¦ Then we stop it.",
    "longer closing tildes": "We run it here:\n¦~~~ a`b```\nx = 1. Y\n~~~~~\n¦It prints one.",
    "shorter fences in a block": "We run it:\n¦````md\n```py\nx = 1. Y\n```\n\n````\n¦It prints one.",
    "closing fence in a quotation": "We run it:\n¦> ```\n> x. Y\n>\n> z\n> `````\n¦It prints one.",
    "code block in a list": "- We run it here:\n¦  ```\n  a. B\n\n  ```\n¦- It prints that.",
    "comment": "We go <!-- on. Then\n\nStop --> here.¦ Then --> we stop.",
    "html code": "Call <code>a. B</code> and\n¦<pre class='x'>\na. B\n\nc\n</pre>\n¦Then we stop.",
    "link": "See [the page. Really](http://a.b 'Title. T') for it.¦ Then we stop.",
    "calculator mark": "She has <<3 * 4. = 12>>12 left.¦ Then we stop.",
    "table": "We list them:\n¦| a | b |\n|---|---|\n| x. Y | z |\n| 1 | 2 |\n\n¦Then we stop.",
    "table without outer bars": (
        "We list:\n\nName | Use\n--- | ---\nx | One. Two\ny | Three. Four\n\n¦Then we stop here."
    ),
    "table with one outer bar": (
        "We list:\n\nName | Use |\n:-: | -: |\nx | One. Two |\n\n¦Then we stop here."
    ),
    "quoted table": "He lists them:\n\n¦> | a | b |\n> |---|---|\n> | x. Y | z |\n\n¦Then we stop here.",
    "quoted table without outer bars": (
        "He lists them:\n\n¦> a | b\n> --|--\n>> x. Y | z\n\n¦Then we stop here."
    ),
    "formulas in the header of a table": 'We go\n\n$a$ | "b"\n---|---\n1 | Two. Three\n\n¦Then we stop here.',
    "line after a table": "We list them:\n¦a | b\n---|---\n1 | 2\n¦Then we stop here.\n¦Or not|so.",
    "list after a table": "We list them:\n¦a | b\n---|---\n1 | 2\n¦- Or |x| is 1.¦ Then we stop here.",
    "line under a heading is no table": "Name or one\n¦-----------\n¦One | Two.¦ Three it is.",
    "bars are no table": "|x| = 1 here\n¦|y| = 2 here",
    # Quotations
    "quoted sentences": 'He says "Go home. Now." and leaves.¦ Then we stop.',
    "sentence ends in a quotation": 'She asks "Why so?"¦ He says “Stop. Please.”¦ Then we stop.',
    "inches": 'A 5" pipe fits.¦ A 6" pipe does not.',
    "inches by inches": 'A 5"x2 pipe fits.¦ A 6" pipe does not.',
    "guillemets": "Il dit «Non. Jamais.» et part.¦ Voilà tout.",
    "german": "Er sagt „Geh heim. Sofort.“ und geht.¦ Sie sagt „Nein. Nie.“¦ Dann ist Schluss damit.",
    "german, closed as it is typed": 'Er sagt „Geh heim. Sofort." und geht.¦ Dann ist Schluss damit.',
    "german guillemets": "Er sagt »Geh heim. Sofort.« und geht.¦ Dann ist Schluss damit.",
    "german single": "Er sagt ‚Geh heim. Sofort.‘ und ›Nein. Nie.‹ und geht.¦ Dann ist Schluss damit.",
    "polish": "Mówi „Idź. Zaraz.” i idzie.¦ Potem ‚Nie. Nigdy.’ mówi.¦ To już koniec.",
    "swedish": "Han säger ”Gå hem. Nu.” och går.¦ Hon »Nej. Nej.» säger.¦ Det var allt.",
    "french": "Il dit « Non. Jamais. » et part.¦ Elle ‹ Si. Oui. › dit.¦ Voilà tout.",
    "single": "He says ‘Go home. It’s me.’ and 'Go. Don't stop.' and leaves.¦ Then we stop.",
    "nested": "Er sagt „Geh ‚heim. Bald‘. Sofort.“ und geht.¦ Dann ist Schluss.",
    "latex quotes": "He says ``Go home. Now.'' and leaves.¦ Then we stop.",
    "straight quotes in chinese and korean": '他说"好。走吧"然后就离开了。¦"집에 가자. 지금."라고 말했다.',
    "full-width quotes": "他说＂好。走吧＂然后就离开了。¦然后〝好。走吧〟是五。¦然后｢好。走吧｣是五。",
    "apostrophes": "It's the boys' turn.¦ It's the girls' turn.¦ 'Tis 5' long.¦ Then we stop.",
    "corner brackets": "他说「好。走吧」然后就离开了。¦然后答案是五。",
    # Tags
    "reasoning": "<think>\nWe add them.¦ It is 5.\n</think>\n\n¦The answer is 5.",
    "reasoning in one line": "<think>We add them.</think>¦The answer is 5.",
    "special tokens": "<|begin_of_thought|>\n\nWe add them.\n\n<|end_of_thought|>\n\n¦It is five.",
    "answer": "So we are done.\n¦<answer>\n42\n</answer>",
    # Markers and short pieces
    "numbered list": "1. Add them up.\n¦2. Take them off.\n¦(3) Then stop it.\n¦d) Or go on.",
    "numbered list in a line": "We now go on.¦ 1. Add them up.¦ 2. Take them off.",
    "markers on lines of their own": (
        "**Step 1:**\n\nAdd them up.\n¦Case 12.\nTake them off.\n¦b.\nThen we stop."
    ),
    "step names": "Step 1. Add them up.\n¦**Step 2.** Take them off.\n¦### Step 3: Stop it now.",
    "bullets": "- Add them up.\n¦* Take them off.¦ Then we stop.",
    "interjections": "Hmm. Wait.¦ Let me see it.\n¦So,\n\nwe add them.\n¦Ok. Done.",
    "short end of a line": "We add them up. Yes.\n\n¦Then we stop.",
    "announcement": "We add them up.¦ So:\n\n- Here it stands.",
    "short end of a text": "We add them up.\n5",
    "emphasis": "**Answer:** it is five.¦ *Note* that.¦ _Stop it now._¦ That is all.",
    "asides": "He goes (see above. It is far.) home.¦ The set [a. B] and {a. B} it is.¦ Then we stop.",
    "asides in chinese": (
        "他走了（我们先算。然后答案是五）很快。¦《三国。演义》是一本书。¦然后【好。走】是五。"
    ),
    "brackets without partner": (
        "Let it be [0, 1) now.¦ Then b) is it so.¦ A sad one :(\n¦And we go on.¦ That is it)."
    ),
    "brackets far apart": f"He goes (see {'above ' * 40}so.¦ It is far.) home.¦ Then we stop.",
    "brackets": "(We add them up.)¦ [Then we stop.]¦ That is all.",
    # Other scripts
    "chinese": "我们先算一下。¦然后答案是五！¦这样对不对？¦是的，没错。",
    "chinese quotation end": "他说：“我们先算一下吧。”¦然后答案是五。",
    "hindi": "हम इसे जोड़ते हैं।¦ फिर हम रुकते हैं।",
    "arabic": "هل هذا صحيح هنا؟¦ نعم هذا صحيح تماما.",
    # Traces that were cut, and delimiters left open
    "open dollar": "Let $x = 1 be so.¦ Then we go on.\n\n¦Then we stop.¦ At last, $5.",
    "open bracket": "Let \\[ x = 1 be so.¦ Then \\( we go on.\n\n¦Then we stop.¦ At last, yes.",
    "open display before a closed one": "Let \\[ x be so.¦ Then\n\\[ y. Z \\]\nwe stop here.",
    "open environment": "\\begin{align} x = 1 be so.¦ Then we go on.\n¦Then we stop.",
    "open backtick": "Call `x be so.¦ Then we go on.\n¦Call `y. Z` there.",
    "open quotation": 'He says "we go on.¦ Then we go on.\n¦He "stops. There" again.',
    "open code block": "We run it here:\n¦```\nx = 1\n\ny. Z = 2",
    "open code block before another": "```python\nx = 1. Y\n\n¦```output\n1. A\n```\n¦We stop it.",
}


@pytest.mark.parametrize("case", CASES)
def test_boundaries(case):
    marked = CASES[case]
    assert "¦".join(split_steps(marked.replace("¦", ""))) == marked


@pytest.mark.parametrize("splitter", ["sentence", "line", "paragraph", "blank-line"])
def test_line_breaks_of_windows_give_the_same_steps(splitter):
    for case, marked in CASES.items():
        text = marked.replace("¦", "")
        if "\r" not in text:
            steps = split_steps(text.replace("\n", "\r\n"), splitter)
            assert [step.replace("\r\n", "\n") for step in steps] == split_steps(text, splitter), case


@pytest.mark.parametrize(("opening", "closing"), ['""', "“”", "$$", ("$$", "$$"), (r"\[", r"\]")])
def test_delimiters_too_far_apart_are_no_pair(opening, closing):
    text = f"Now {opening}{'we go on. Then we stop. ' * 250}so{closing} here."
    assert len(split_steps(text)) > 250


def test_no_step_is_short_unless_the_text_is():
    steps = split_steps("A. B. C. D.\n\nE.\nF.\n\nG!\n" * 20)
    assert min(len("".join(step.split())) for step in steps) >= 8
    assert split_steps("42") == ["42"]


def test_all_brackets_and_quotation_marks_of_unicode_are_known():
    of_unicode = {
        c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) in OPENING_OR_CLOSING
    }
    assert set(brackets.PAIRS) | set(quotations.MARKS) == of_unicode | {*"\"'＂"}
