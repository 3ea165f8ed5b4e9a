import os
import sys

from contentcheck._find import find_contentcheck_bin

if __name__ == "__main__":
    program = find_contentcheck_bin()
    if sys.platform == "win32":
        # There, exec starts a second process and ends the first, which a shell takes for the end of the command.
        import subprocess

        try:
            sys.exit(subprocess.run([program, *sys.argv[1:]]).returncode)
        except KeyboardInterrupt:
            sys.exit(2)
    os.execv(program, [program, *sys.argv[1:]])
