# Two commands: `make book` and `make test`. All the work is in course.py.
PYTHON ?= python3
PORT ?= 8000

.PHONY: book build slides homework grading test bench env lock

book:
	@$(PYTHON) course.py book --port $(PORT)

build slides homework grading test bench env lock:
	@$(PYTHON) course.py $@
