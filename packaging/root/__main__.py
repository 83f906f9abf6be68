"""``python -m graftwork``: the same as the ``graftwork`` command."""

import sys

from graftwork.app.main import main

if __name__ == "__main__":
    sys.exit(main())
