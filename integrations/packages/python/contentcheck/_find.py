import os
import sys
import sysconfig


def find_contentcheck_bin() -> str:
    """The path of the program. FileNotFoundError where it is in none of the places that an installer uses."""
    name = "contentcheck" + (sysconfig.get_config_var("EXE") or "")
    # `pip install --user` has its own directory of scripts, and `pip install --target` puts it beside the packages.
    user = sysconfig.get_preferred_scheme("user")
    beside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    places = [
        sysconfig.get_path("scripts"),
        sysconfig.get_path("scripts", vars={"base": sys.base_prefix}),
        sysconfig.get_path("scripts", scheme=user),
        os.path.join(beside, "bin"),
        # `pip install --prefix`: PREFIX/lib/pythonX.Y/site-packages, and PREFIX/bin.
        os.path.join(beside, "..", "..", "..", "bin"),
    ]
    for place in places:
        path = os.path.join(place, name)
        if os.path.isfile(path):
            return path
    raise FileNotFoundError(f"{name} is not in {', '.join(places)}")
