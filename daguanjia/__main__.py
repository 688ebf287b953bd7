"""``python -m daguanjia`` is the command ``daguanjia``."""

from daguanjia.command import app

if __name__ == "__main__":
    app(prog_name="daguanjia")
