"""questions -> what was retrieved for them -> measures."""
