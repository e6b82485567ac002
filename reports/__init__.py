"""Records to frames to figures to cards to one offline HTML page."""
