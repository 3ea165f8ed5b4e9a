"""Finds the `contentcheck` program that this package installed."""

from contentcheck._find import find_contentcheck_bin

__all__ = ["find_contentcheck_bin"]
