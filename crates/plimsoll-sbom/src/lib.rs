//! SBOM documents: SPDX and CycloneDX writers and readers.
