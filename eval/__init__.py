"""questions -> outcomes -> measures with intervals -> comparison, report, thresholds."""
