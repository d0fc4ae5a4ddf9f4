from __future__ import annotations

import pyarrow as pa
import pytest


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a|b", r"a\|b"),
        ("a\\|b", r"a\\\|b"),
        ("a\nb", r"a\\nb"),
        ("<img src=x>", r"\<img src=x>"),
        ("*b* `c` [l](u) &amp; ~s~", r"\*b\* \`c\` \[l\](u) \&amp; \~s\~"),
        ("bytes_sent _x_", r"bytes_sent \_x\_"),
        (None, ""),
    ],
)
def test_cells_hold_no_markup(written, text, cell):
    assert written("markdown", pa.array([text], pa.string())) == f"| x |\n| --- |\n| {cell} |\n"
