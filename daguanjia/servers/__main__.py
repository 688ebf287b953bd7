"""``python -m daguanjia.servers DIRECTORY`` deletes the servers' data there for good (``make wipe``)."""

import sys
from pathlib import Path

from daguanjia.servers import ServerError, erase


def main() -> None:
    """Delete, or say in one line why not."""
    try:
        erase(Path(sys.argv[1]))
    except ServerError as problem:
        raise SystemExit(str(problem)) from None


if __name__ == "__main__":
    main()
