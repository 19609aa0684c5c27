"""Judges documents plimsoll writes with the libraries of the formats' own projects.

    documents.py cyclonedx FILE...         cyclonedx-python-lib, strict, at the version the document states
    documents.py spdx FILE...              spdx-tools: reads, and validates every field and relationship
    documents.py schema SCHEMA FILE...     jsonschema, formats included; YAML is read too

Exit code: 0 all valid, 1 otherwise (what is wrong is printed).
"""

import json
import pathlib
import sys

import jsonschema
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document


def cyclonedx(path):
    text = path.read_text()
    version = SchemaVersion.from_version(json.loads(text)["specVersion"])
    error = JsonStrictValidator(version).validate_str(text)
    return [] if error is None else [str(error)]


def spdx(path):
    document = parse_file(str(path))
    problems = validate_full_spdx_document(document)
    return [f"{p.context.spdx_id or p.context.parent_id}: {p.validation_message}" for p in problems]


def against(schema):
    schema = json.loads(pathlib.Path(schema).read_text())
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema, format_checker=kind.FORMAT_CHECKER)

    def judge(path):
        read = yaml.safe_load if path.suffix in (".yaml", ".yml") else json.loads
        return [f"{e.json_path}: {e.message}" for e in validator.iter_errors(read(path.read_text()))]

    return judge


def main():
    kind, *paths = sys.argv[1:]
    judge = against(paths.pop(0)) if kind == "schema" else {"cyclonedx": cyclonedx, "spdx": spdx}[kind]
    assert paths, "no document"
    wrong = False
    for path in map(pathlib.Path, paths):
        problems = judge(path)
        print(f"{'FAIL' if problems else 'ok  '} {kind} {path.name}")
        for problem in problems[:20]:
            print(f"     {problem[:400]}")
        wrong |= bool(problems)
    sys.exit(wrong)


if __name__ == "__main__":
    main()
