"""Whether one end reached another: `flowsql between A B [PORT]`."""
