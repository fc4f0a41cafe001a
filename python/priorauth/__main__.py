"""The command `priorauth`. It handles an interrupt before anything else is imported."""

import os
import signal


def main() -> None:
    """Run the command line, and exit with one of the codes that `--help` lists."""
    # Where interrupts are ignored, as with nohup, they stay ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _nothing_begun)
    from .cli import main

    main()


def _nothing_begun(*_: object) -> None:
    os.write(2, b"priorauth: interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    main()
