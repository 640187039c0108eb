"""How the lessons become a book and its decks: executing, Sphinx extensions, printing."""
