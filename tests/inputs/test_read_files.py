"""Files are read as they are: names, encodings, words, numbers."""

import bz2
import gzip
import json
import lzma
import os

import pyarrow as pa
import pytest
from datasets import Dataset, Image

from local_naturalness.inputs import read_table
from local_naturalness.inputs.columns import decoded

ROW = '{"prompt": "q", "response": "%s"}\n'
HEADER = "prompt,teacher,response"

COMPRESSED = {"gz": gzip, "bz2": bz2, "xz": lzma}


@pytest.fixture
def write(tmp_path):
    def write_(name, text, encoding="utf-8"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write_


@pytest.mark.parametrize(
    "name",
    ["run[12].jsonl", "a::b.jsonl", "a#b.jsonl", "a?b.jsonl", "*.jsonl", "%20 .jsonl", "x::[1]/a.jsonl"],
)
def test_names_are_no_patterns(name, write):
    for other in ("run1.jsonl", "axb.jsonl", "x::1/a.jsonl"):
        write(other, ROW % "another file")
    path = write(name, ROW % "this one")
    assert read_table(path)["response"][:] == ["this one"]
    if path.parent.name == "x::[1]":
        assert read_table(path.parent)["response"][:] == ["this one"]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz", "rows.csv"])
def test_a_file_that_was_replaced_under_its_modification_time(name, write):
    def content(word):
        text = f"prompt,response\nq,{word}\n" if "csv" in name else ROW % word
        return gzip.compress(text.encode(), mtime=0) if name.endswith(".gz") else text

    path = write(name, content("one"))
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    assert read_table(path)["response"][:] == ["one"]
    write(name, content("two"))
    os.utime(path, ns=times)
    assert read_table(path)["response"][:] == ["two"]


@pytest.mark.parametrize("opener", ["gz", "bz2", "xz", "zst"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_compressed_files(opener, form, tmp_path):
    path = tmp_path / f"rows.{form}.{opener}"
    packed = (
        pa.output_stream(path, compression="zstd") if opener == "zst" else COMPRESSED[opener].open(path, "wb")
    )
    with packed as file:
        file.write((ROW % "a" if form == "jsonl" else "prompt,response\nq,a\n").encode())
    assert read_table(path).to_list() == [{"prompt": "q", "response": "a"}]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz", "rows.csv.zst"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_files_that_were_unpacked_or_packed_on_their_way(name, is_packed, write):
    text = (ROW % "a" if "jsonl" in name else "prompt,response\nq,a\n").encode()
    assert read_table(write(name, gzip.compress(text) if is_packed else text))["response"][:] == ["a"]


def test_words_and_numbers_of_csv_stay_what_they_are(write):
    path = write(
        "rows.csv",
        f"{HEADER},id,score,ok,code,version\n"
        'q1,007,None,9007199254740993,-0.5,True,01,"1,0"\n'
        "q2,7,5,,1e-3,False,1,2\n"
        'NA,NA,n/a,7,,,"",\n',
    )
    columns = read_table(path).to_dict()
    assert columns["prompt"] == ["q1", "q2", "NA"]
    assert columns["teacher"] == ["007", "7", "NA"]
    assert columns["response"] == ["None", "5", "n/a"]
    assert columns["id"] == [9007199254740993, None, 7]
    assert columns["score"] == [-0.5, 0.001, None]
    assert columns["ok"] == [True, False, None]
    assert columns["code"] == ["01", "1", ""]
    assert columns["version"] == ["1,0", "2", None]


def test_ids_are_no_numbers_with_exponents(write):
    columns = read_table(write("rows.csv", "row_id,id,loss\n12e4,7,12e4\n120000,8,1.50\n")).to_dict()
    assert columns == {"row_id": ["12e4", "120000"], "id": [7, 8], "loss": [120000.0, 1.5]}


def test_tsv_with_line_breaks_in_a_field(write):
    path = write("rows.tsv", 'prompt\tresponse\nq, r\t"It is\n""five""."\n')
    assert read_table(path).to_list() == [{"prompt": "q, r", "response": 'It is\n"five".'}]


def test_whole_numbers_of_json_stay_whole_beside_nulls(write):
    path = write("rows.jsonl", '{"id": 9007199254740993}\n{"id": null}\n')
    assert read_table(path)["id"][:] == [9007199254740993, None]


def test_numbers_among_texts_become_texts(write):
    rows = [{"teacher": 1, "text": "a"}, {"teacher": "b", "text": True}, {"teacher": None, "text": 2.50}]
    path = write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert read_table(path).to_dict() == {"teacher": ["1", "b", None], "text": ["a", "true", "2.5"]}


def test_lists_and_objects_among_texts_stay(write):
    path = write("rows.jsonl", '{"content": "a"}\n{"content": [{"type": "text"}]}\n')
    assert read_table(path)["content"][:] == ["a", [{"type": "text"}]]


def test_images_are_not_decoded(tmp_path):
    image = {"bytes": b"no image", "path": None}
    dataset = Dataset.from_dict({"image": [image], "images": [[image]]})
    dataset = dataset.cast_column("image", Image()).cast_column("images", [Image()])
    dataset = dataset.cast_column("image", Image(mode="RGB"))
    dataset.to_parquet(tmp_path / "rows.parquet")
    assert decoded(read_table(tmp_path / "rows.parquet")).features == dataset.features
    assert read_table(tmp_path / "rows.parquet")[0] == {"image": image, "images": [image]}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", f"{HEADER}\nq,t,Ärger\n".encode("latin1"), "line 2 is not encoded in utf-8 .byte 0xc4."),
        ("a.csv", f"{HEADER}\nq,t,r\n".encode("utf-16"), "in utf-16, not utf-8"),
        ("a.csv", f"{HEADER}\nq,t,r\n".encode("utf-16-le"), "in utf-16le, not utf-8"),
        ("a.jsonl", (ROW % "é").encode("utf-16-be"), "in utf-16be, not utf-8"),
        ("a.jsonl", (ROW % "é").encode("utf-32"), "in utf-32, not utf-8"),
        ("a.json", ("[" + ROW % "答案" + "]").encode("gbk"), "it is not encoded in utf-8"),
        ("a.json", "[" + ROW % "cut \\ud83d" + "]", r"it holds half of a surrogate pair .\\ud83d."),
        ("a.json", '{"data": [{"a": "\\ud83d"},\n{"a": ""}]}', r"it holds half of a surrogate pair"),
        (
            "a.jsonl",
            ROW % "a" + '{"a": 1, "b": {"c": 2, "c": 3}}\n',
            "line 2 has an object that names 'c' twice",
        ),
        ("a.json", '["a", "b"]', 'other values than objects, such as "a"'),
        (
            "a.jsonl",
            ROW % "a" + '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}\n",
            "line 2 is nested too deeply",
        ),
        ("a.jsonl", ROW % "a" + '{"a": ' + "[" * 600 + "]" * 600 + "}\n", "line 2 is nested too deeply"),
        ("a.jsonl", (ROW % "é").encode("latin1"), "line 1 is not encoded in utf-8 .byte 0xe9."),
        ("a.jsonl", (ROW % "é").encode("utf-16"), "in utf-16, not utf-8"),
        ("a.jsonl", ROW % "a" + ROW % "cut \\ud83d", r"line 2 holds half of a surrogate pair .\\ud83d."),
        ("a.jsonl", ROW % "a" + '{"prompt":\n', "line 2 is not valid JSON"),
        ("a.json", '[{"prompt": "a"},\n{"prompt":}]', r"not valid JSON .*line 2"),
        ("a.jsonl.gz", gzip.compress((ROW % "a").encode(), mtime=0)[:-9], "cannot be decompressed"),
        (
            "a.csv",
            f"{HEADER}\nq,t,r,a remark\nq,t,r,a remark\n",
            "more or fewer fields .* Expected 3 columns, got 4",
        ),
        ("a.csv", f"{HEADER}\nq,t,r,\nq,t,r,\n", "more or fewer fields .* Expected 3 columns, got 4"),
        ("a.csv", f"{HEADER}\nq,t\n", "more or fewer fields .* Expected 3 columns, got 2"),
        ("a.csv", "prompt,prompt\na,b\n", "several columns named 'prompt'"),
        ("a.csv", f"{HEADER}\n", "holds no rows"),
        ("a.jsonl", "", "is empty"),
        ("a.parquet", "PAR1 and no more", "Parquet"),
        ("a.txt", "q", r"is not one of \.jsonl"),
    ],
)
def test_what_cannot_be_read_says_why(name, content, says, write):
    path = write(name, content)
    with pytest.raises(ValueError, match=says) as raised:
        read_table(path)
    assert repr(str(path)) in str(raised.value)


def test_long_fields_of_csv(write):
    long = "It is so. " * 300_000
    assert read_table(write("a.csv", f"{HEADER}\nq,t,{long}\n"))["response"][:] == [long]


def test_a_column_of_nulls(tmp_path):
    Dataset(pa.table({"a": pa.nulls(2)})).to_json(tmp_path / "a.jsonl")
    assert read_table(tmp_path / "a.jsonl")["a"][:] == [None, None]


@pytest.mark.parametrize("separator", [";", "|", "\t"])
def test_the_separator_of_the_header(write, separator):
    lines = [HEADER.split(","), ["q", "t", "one, two"]]
    path = write("a.csv", "".join(separator.join(cells) + "\n" for cells in lines))
    assert read_table(path).to_dict() == {"prompt": ["q"], "teacher": ["t"], "response": ["one, two"]}


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        # All that follows would be one response, to the end of the file.
        ('q,t,"first\nq,u,second\nq,v,third\n', "begins on line 2 opens a quote that is never closed"),
        ('q,t,"a\nb"\nq,u,"second\n', "begins on line 4 opens a quote that is never closed"),
        # The quotes would be gone.
        ('q,t,first\nq,u,"Yes" he said\n', "begins on line 3 has text after a closing quote"),
        ('q,t,"He said \\"yes\\"."\n', "begins on line 2 has text after a closing quote"),
    ],
)
def test_quotes_that_would_change_texts(write, rows, says):
    with pytest.raises(ValueError, match=says):
        read_table(write("a.csv", f"{HEADER}\n{rows}"))


def test_quotes_as_csv_has_them(write):
    long = "a, b\n" * 50_000  # longer than fields may be by default
    path = write("a.csv", f'{HEADER}\nq,t,"say ""yes"""\nq,t,5" pipe\nq,t,"{long}"\n')
    assert read_table(path)["response"][:] == ['say "yes"', '5" pipe', long]


def test_what_windows_writes_is_not_said_to_be_latin1(write):
    with pytest.raises(ValueError, match="iconv -f windows-1252"):
        read_table(write("a.csv", f"{HEADER}\nq,t,“yes”\n".encode("cp1252")))


@pytest.mark.parametrize(("name", "content"), [("a.jsonl", "\n\n"), ("a.json", "[]")])
def test_json_without_rows(write, name, content):
    with pytest.raises(ValueError, match="holds no rows"):
        read_table(write(name, content))
