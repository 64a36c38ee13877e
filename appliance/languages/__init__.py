"""The languages of the page: which one a reader wants, and how it says things."""
