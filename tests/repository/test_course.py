"""The course: every label leads somewhere, every lecture is whole, and a gap is seen."""

import copy

import pytest
import statements
import structure

import course


@pytest.fixture(scope="module")
def book():
    return course.lectures(), statements.known_labels(), course.tags(), course.problem_sets()


def test_the_course_is_whole(book):
    assert course.problems(*book) == []


def test_every_chapter_of_the_first_parts_is_read(book):
    """What the later parts add may be left to a seminar."""
    reading = {label for lecture in book[0] for label in lecture["reading"]}
    pages = {label: page for page in structure.contents() for label in structure.labels(structure.read(page))}
    foundations = [entry["file"].removeprefix("book/") for part in structure.parts()[:3] for entry in part["chapters"]]
    assert set(foundations) <= {pages[label] for label in reading}


def put(field, value, lecture=0):
    return lambda lectures, labels, tagged, sets: lectures[lecture].__setitem__(field, value)


def part(field, value):
    return lambda lectures, labels, tagged, sets: lectures[0]["part"][0].__setitem__(field, value)


def a_tag_nobody_shows(lectures, labels, tagged, sets):
    tagged["slide-forgotten"] = ["action"]


def a_tag_on_two_cells(lectures, labels, tagged, sets):
    tagged["slide-window"] = ["intro", "intro"]


FAULTS = {
    "there are 11 lectures, not 12": lambda lectures, labels, tagged, sets: lectures.pop(),
    "lecture 1: it has no aims": put("aims", []),
    "lecture 1: it has no open": put("open", ""),
    "lecture 1: the field goals is unknown": put("goals", ["x"]),
    "lecture 1: its parts take 91 minutes, not 90": part("minutes", 16),
    "lecture 1: fig-nowhere is not in the book": part("show", ["fig-nowhere"]),
    "lecture 1: slide-nowhere is not in the book": part("show", ["slide-nowhere"]),
    "lecture 1: a slide cannot show chapter-diffusion": part("show", ["chapter-diffusion"]),
    "lecture 1: the part 'x' shows nothing": put("part", [{"minutes": 90, "topic": "x"}]),
    "lecture 1: chapter-nowhere is not in the book": put("reading", ["chapter-nowhere"]),
    "lecture 1: eq-action-map is no exercise": put("exercises", ["eq-action-map"]),
    "lecture 1: ex-diffusion-3 is set twice": put("exercises", ["ex-diffusion-3"]),
    "lecture 1: there is no problem set 9": put("problem_set", 9),
    "eq-action-map is shown 2 times": part("show", ["eq-action-map"]),
    "no lecture shows the cell slide-forgotten of action": a_tag_nobody_shows,
    "the tag slide-window stands on 2 cells": a_tag_on_two_cells,
}


@pytest.mark.parametrize("said", FAULTS)
def test_each_fault_is_said(book, said):
    damaged = copy.deepcopy(book)
    FAULTS[said](*damaged)
    assert said in course.problems(*damaged)


def test_the_page_has_every_lecture(book):
    written = course.markdown()
    assert course.MARK in structure.source(course.PAGE).read_text(encoding="utf-8")
    for number, lecture in enumerate(book[0], 1):
        assert f"(lecture-{number})=\n## {number}. {lecture['title']}" in written
        for shown in lecture["part"]:
            assert shown["topic"] in written
        for label in (*lecture["exercises"], lecture["open"]):
            assert f"{{ref}}`{label}`" in written
