# Two commands: `make book` and `make test`. All the work is in course.py.
PYTHON ?= python3
PORT ?= 8000

.PHONY: book build slides pdf homework grading lesson test bench env lock

book:
	@$(PYTHON) course.py book --port $(PORT)

lesson:
	@$(PYTHON) course.py lesson --name "$(name)"

build slides pdf homework grading test bench env lock:
	@$(PYTHON) course.py $@
