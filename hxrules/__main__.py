"""`python -m hxrules` is `hxrules`."""

from hxrules.cli import main

main()
