import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A CA and a certificate that it signed for 127.0.0.1 and localhost, made by openssl. Valid for one day by default. */
export function makeCertificates(
  folder: string,
  { names: subjects = 'IP:127.0.0.1,DNS:localhost', days = 1 }: { names?: string; days?: number } = {},
): Certificates {
  mkdirSync(folder, { recursive: true });
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...curve, '-days', '1', '-subj', '/CN=ca', '-keyout', at('ca.key'), '-out', at('ca.pem'));
  openssl('req', ...curve, '-subj', '/CN=ippool', '-keyout', at('key.pem'), '-out', at('request.pem'));
  const names = `subjectAltName=${subjects}\nextendedKeyUsage=serverAuth,clientAuth\n`;
  writeFileSync(at('names'), names);
  const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', String(days)];
  openssl('x509', '-req', '-in', at('request.pem'), ...signer, '-extfile', at('names'), '-out', at('cert.pem'));
  return { ca: at('ca.pem'), cert: at('cert.pem'), key: at('key.pem') };
}
