"""Judges documents plimsoll writes with the libraries of the formats' own projects.

    documents.py cyclonedx FILE...         cyclonedx-python-lib, strict, at the version the document states; JSON or XML
    documents.py spdx FILE...              spdx-tools: reads JSON or tag-value, and validates every field and relationship
    documents.py spdx3 FILE...             ntia-conformance-checker's SPDX 3 model: reads, and finds its one document
    documents.py ntia FILE...              ntia-conformance-checker: the NTIA's minimum elements, of SPDX 2 and 3
    documents.py purl FILE...              packageurl-python: every package URL, one a line, is in canonical form
    documents.py schema SCHEMA FILE...     jsonschema, formats included; YAML is read too

Exit code: 0 all valid, 1 otherwise (what is wrong is printed), 3 a library is missing (its name is printed).
"""

import json
import pathlib
import sys


def cyclonedx(path):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    from cyclonedx.validation.xml import XmlValidator

    text = path.read_text()
    if path.suffix == ".xml":
        error = XmlValidator(SchemaVersion.V1_6).validate_str(text)
    else:
        version = SchemaVersion.from_version(json.loads(text)["specVersion"])
        error = JsonStrictValidator(version).validate_str(text)
    return [] if error is None else [str(error)]


def spdx(path):
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    document = parse_file(str(path))
    problems = validate_full_spdx_document(document)
    return [f"{p.context.spdx_id or p.context.parent_id}: {p.validation_message}" for p in problems]


def spdx3(path):
    from ntia_conformance_checker.spdx3_utils import parse_spdx3_file, validate_spdx3_data

    objects, errors = parse_spdx3_file(str(path))
    if objects is None:
        return errors or ["not read"]
    _, messages = validate_spdx3_data(objects)
    return errors + [m.validation_message for m in messages]


def ntia(path):
    from ntia_conformance_checker.sbom_checker import SbomChecker

    spec = "spdx3" if "@graph" in path.read_text() else "spdx2"
    checker = SbomChecker(str(path), compliance="ntia", sbom_spec=spec)
    if checker.compliant:
        return []
    return [f"{name}: {held}" for name, held in checker.table_elements if not held] or ["not compliant"]


def purl(path):
    from packageurl import PackageURL

    lines = path.read_text().splitlines()
    return [f"{line}: {PackageURL.from_string(line)}" for line in lines if PackageURL.from_string(line).to_string() != line]


def against(schema):
    import jsonschema
    import yaml

    schema = json.loads(pathlib.Path(schema).read_text())
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema, format_checker=kind.FORMAT_CHECKER)

    def judge(path):
        read = yaml.safe_load if path.suffix in (".yaml", ".yml") else json.loads
        return [f"{e.json_path}: {e.message}" for e in validator.iter_errors(read(path.read_text()))]

    return judge


JUDGES = {"cyclonedx": cyclonedx, "spdx": spdx, "spdx3": spdx3, "ntia": ntia, "purl": purl}


def main():
    kind, *paths = sys.argv[1:]
    judge = against(paths.pop(0)) if kind == "schema" else JUDGES[kind]
    assert paths, "no document"
    wrong = False
    for path in map(pathlib.Path, paths):
        try:
            problems = judge(path)
        except ModuleNotFoundError as error:
            print(f"skipped: {kind}: {error.name} is not installed")
            sys.exit(3)
        print(f"{'FAIL' if problems else 'ok  '} {kind} {path.name}")
        for problem in problems[:20]:
            print(f"     {problem[:400]}")
        wrong |= bool(problems)
    sys.exit(wrong)


if __name__ == "__main__":
    main()
