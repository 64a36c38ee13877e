"""The languages of the page: what they are called, which one a reader wants, and how it says things."""
