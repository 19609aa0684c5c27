// Judges plimsoll's bundles with @sigstore/verify.
//
//   node sigstore-verify.mjs BUNDLE PUBLIC-KEY.pem sha256:HEX    one bundle
//   node sigstore-verify.mjs --cases DIR                          every case of DIR/cases.json
//
// Exit code: 0 verified (or: every case as expected), 1 not verified, 2 usage.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPublicKey, verify as verifySignature } from 'node:crypto';
import { bundleFromJSON } from '@sigstore/bundle';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

const IN_TOTO = 'application/vnd.in-toto+json';

// @sigstore/verify (3.1.1 and 4.1.3) hashes every ECDSA envelope with SHA-256, whatever the curve, so it cannot judge
// these; cosign and Go take the hash from the curve. For them its parser is used and node's own verification.
const OTHER_HASHES = { secp384r1: 'sha384', secp521r1: 'sha512' };

function pae({ payloadType, payload }) {
  const type = Buffer.from(payloadType);
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `), payload]);
}

/** Throws unless the bundle verifies with the key and its statement is about the digest. */
function verify(bundlePath, keyPath, digest) {
  const bundle = bundleFromJSON(JSON.parse(readFileSync(bundlePath, 'utf8')));
  const envelope = bundle.content.dsseEnvelope;
  if (!envelope || envelope.payloadType !== IN_TOTO) throw new Error('not an in-toto statement in a DSSE envelope');
  const key = createPublicKey(readFileSync(keyPath));
  const root = { mediaType: '', tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] };
  const trust = toTrustMaterial(root, () => ({ publicKey: key, validFor: () => true }));
  const verifier = new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0, tsaThreshold: 0 });
  const hash = OTHER_HASHES[key.asymmetricKeyDetails?.namedCurve];
  if (!hash) {
    verifier.verify(toSignedEntity(bundle));
  } else if (!verifySignature(hash, pae(envelope), key, envelope.signatures[0].sig)) {
    throw new Error(`the ${hash} signature does not verify (node:crypto)`);
  }
  const statement = JSON.parse(envelope.payload.toString('utf8'));
  const [algorithm, hex] = digest.split(':');
  if (!statement.subject.some((subject) => subject.digest[algorithm] === hex)) throw new Error('about another digest');
  return statement.predicateType;
}

function attempt(...args) {
  try {
    return { ok: true, detail: verify(...args) };
  } catch (error) {
    return { ok: false, detail: `${error.code ?? error.name}: ${error.message}` };
  }
}

const args = process.argv.slice(2);
if (args.length === 2 && args[0] === '--cases') {
  const dir = args[1];
  const cases = JSON.parse(readFileSync(join(dir, 'cases.json'), 'utf8'));
  let wrong = 0;
  for (const { bundle, key, digest, accept } of cases) {
    const { ok, detail } = attempt(join(dir, bundle), join(dir, key), digest);
    if (ok !== accept) wrong += 1;
    console.log(`${ok === accept ? 'ok  ' : 'FAIL'} ${ok ? 'accepted' : 'refused '} ${bundle}  (${detail})`);
  }
  console.log(`${cases.length - wrong} of ${cases.length} as expected`);
  process.exit(wrong === 0 && cases.length > 0 ? 0 : 1);
} else if (args.length === 3) {
  const { ok, detail } = attempt(...args);
  console.log(`${ok ? 'verified' : 'not verified'}: ${detail}`);
  process.exit(ok ? 0 : 1);
} else {
  console.error('usage: sigstore-verify.mjs BUNDLE PUBLIC-KEY.pem sha256:HEX | --cases DIR');
  process.exit(2);
}
