"""What the action does: review a ruleset on a pull request, apply a saved plan, or bring both apps in step.

Runs with the Python in which hxrules was installed, and needs nothing else. Settings come from the environment (`action.yml`); results
go to GitHub's job summary, its step outputs and, of a review, into one comment that each run brings up to date. Annotations are printed.
The job ends as the hxrules command did; that there are changes, or that records are held or failing, alone is no failure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

PAGE = 100
NOTHING_WRONG = {
    "review": {0: "nothing", 2: "changes", 6: "held"},
    "apply": {0: "done", 6: "failing"},
    "sync": {0: "done", 6: "failing"},
}
"""By command: what an exit code means that is no failure."""


def main() -> int:
    command, ruleset, plan = (os.environ.get(name, "") for name in ("COMMAND", "RULESET", "PLAN"))
    if command not in NOTHING_WRONG:
        say(f"::error::There is no command {command!r}: it is {', '.join(NOTHING_WRONG)}.")
        return 64
    if command == "apply" and not plan:
        say("::error::Which plan? Name the file that a review saved.")
        return 64
    if command == "review":
        code, text = review(ruleset, plan)
        if os.environ.get("COMMENT", "true") == "true":
            comment(f"<!-- hxrules {ruleset} -->\n{text}")
    else:
        code, text = carry_out([plan] if command == "apply" else [ruleset, "--yes"])
    add("GITHUB_STEP_SUMMARY", text)
    result = NOTHING_WRONG[command].get(code)
    add("GITHUB_OUTPUT", f"result={result or 'failed'}")
    if result in ("held", "failing"):
        say(f"::warning::Some records are {result}; the summary of this job says which, and what to do.")
    return code if result is None else 0


def review(ruleset: str, plan: str) -> tuple[int, str]:
    """The exit code, and what to show: the plan as Markdown, or why there is none."""
    code, annotations, said = hxrules("validate", ruleset, "--format", "github")
    if annotations:
        say(annotations)
    if code:
        _, problems, _ = hxrules("validate", ruleset)
        return code, block(f"`{ruleset}` is not valid", problems or said)
    path = Path(ruleset)
    if path.with_name(f"{path.stem}_test{path.suffix}").is_file():
        code, outcomes, said = hxrules("test", ruleset)
        if code:
            return code, block(f"`{ruleset}` fails its tests", outcomes or said)
    saving = ["-o", plan] if plan else []
    code, text, said = hxrules(
        "dry-run",
        ruleset,
        *saving,
        "--exit-code",
        "--format",
        "markdown",
        "--values",
        os.environ.get("VALUES", "masked"),
    )
    return code, text or block("There is no plan", said)


def carry_out(words: list[str]) -> tuple[int, str]:
    """The exit code, and what was done, or why nothing was."""
    code, text, said = hxrules("apply", *words, "--format", "markdown", "--values", os.environ.get("VALUES", "masked"))
    return code, text or block("Nothing was applied", said)


def hxrules(*words: str) -> tuple[int, str, str]:
    """Runs a command: its exit code, what it printed, and what it said beside. The latter is in the job's log too."""
    ran = subprocess.run([sys.executable, "-m", "hxrules", *words], capture_output=True, text=True, check=False)
    sys.stderr.write(ran.stderr)
    return ran.returncode, ran.stdout.rstrip("\n"), ran.stderr.rstrip("\n")


def block(title: str, text: str) -> str:
    """Text as it stands, in a fence that nothing in it can close."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"### {title}\n\n{fence}text\n{text[:60_000]}\n{fence}"


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def add(name: str, text: str) -> None:
    """Adds lines to one of the files that GitHub reads after a step."""
    if os.environ.get(name):
        with Path(os.environ[name]).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")


# --- one comment -----------------------------------------------------------------------------------------------------------------


def comment(text: str) -> None:
    """Puts the text into the comment that begins with the same line, or makes one. Outside a pull request there is none; where the
    token may not write (a fork's) that is said, and no failure."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    number = event.get("pull_request", {}).get("number")
    if not number:
        return
    comments = f"/repos/{os.environ['GITHUB_REPOSITORY']}/issues/{number}/comments"
    try:
        mine = _find(comments, text.partition("\n")[0])
        if mine is None:
            _call("POST", comments, {"body": text})
        else:
            _call("PATCH", f"/repos/{os.environ['GITHUB_REPOSITORY']}/issues/comments/{mine}", {"body": text})
    except (HTTPError, URLError) as error:
        say(f"::warning::The comment can't be written ({error}); the plan stands in the summary of this job.")


def _find(comments: str, first_line: str) -> int | None:
    """The newest comment of a bot that begins with that line."""
    found, page = None, 1
    while True:
        listed = _call("GET", f"{comments}?per_page={PAGE}&page={page}")
        for each in listed:
            if each["user"]["type"] == "Bot" and each["body"].startswith(first_line):
                found = each["id"]
        if len(listed) < PAGE:
            return found
        page += 1


def _call(method: str, path: str, body: dict[str, str] | None = None) -> Any:
    request = Request(
        os.environ.get("GITHUB_API_URL", "https://api.github.com") + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "Content-Type": "application/json",
        },
    )
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
