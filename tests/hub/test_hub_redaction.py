"""What of a path, a token or markup is left."""

import pytest

from local_naturalness.hub.escaping import escaped
from local_naturalness.hub.redaction import public_name, public_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/al/x", "x"),
        ("/home/al/my models/x y", "x y"),
        ("~/x", "x"),
        ("~al/x", "x"),
        ("C:\\Users\\al\\x", "x"),
        ("file:///home/al/x", "x"),
        ("./al/x", "x"),
        ("../al/x", "x"),
        ("judge (/home/al/x)", "judge (x)"),
        ("judge='/home/al/x'", "judge='x'"),
        ("<f of /home/al/x>", "<f of x>"),
        ("from /a/b to /c/d", "from d"),
        ("Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-7B"),
        ("r1, t=0.6/top_p=0.9", "r1, t=0.6/top_p=0.9"),
        ("either / or", "either / or"),
        ("https://example.org/a/b", "https://example.org/a/b"),
        ("vllm:/home/alice/models/m", "vllm:m"),
        ("vllm:///home/alice/models/m", "vllm:m"),
        ("vllm://home/alice/models/m", "vllm:m"),
        ("vllm//home/alice/models/m", "vllmm"),
        ("vllm:C:\\Users\\al\\m", "vllm:m"),
        ("local:~/models/m", "local:m"),
        ("ft@/scratch/al/m", "ft@m"),
        ("base+/data/al/adapter", "base+adapter"),
        ("[/data/al/m]", "[m]"),
        ("vllm:Qwen/Qwen2.5-7B", "vllm:Qwen/Qwen2.5-7B"),
        ("http://localhost:8000/v1/m", "http://localhost:8000/v1/m"),
        ("http://al:secret@host/m", "http://(token removed)@host/m"),
        ("hf_oauth_eyJhbGciOiJFZERTQSJ9.eyJzY29w-ZSI6.c2_ln more", "(token removed) more"),
        ("hf_jwt_eyJhbGciOiJFZERTQSJ9.eyJzY29wZSI6.c2ln", "(token removed)"),
        ("x=eyJhbGciOiJFZERTQSJ9.eyJzY29wZSI6.c2ln", "x=(token removed)"),
        ("gpt sk-proj-abcdefghijklmnop", "gpt (token removed)"),
        ("ghp_abcdefghijklmnopqrst", "(token removed)"),
        ("key hf_abcdefghijkl.", "key (token removed)."),
        ("two\nlines\u202e\tand\x00more", "two lines and more"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_public_text(text, shown):
    assert public_text(text) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("org/name", "org/name"),
        ("/home/al/name/", "name"),
        ("home/al/name", "name"),
        ("al\\name", "name"),
        ("name", "name"),
    ],
)
def test_public_name(name, shown):
    assert public_name(name) == shown


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("a_b", "a_b"),
        ("a__b", r"a\_\_b"),
        ("_a_", r"\_a\_"),
        ("a\\|b", r"a\\\|b"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("![i](http://e)", r"!\[i\](http:&#47;/e)"),
        ("www.e.org me@e.org", "www&#46;e.org me&#64;e.org"),
        ("~~s~~ $x$ `c`", r"\~\~s\~\~ \$x\$ \`c\`"),
    ],
)
def test_escaped(text, markdown):
    assert escaped(text) == markdown
