/** The VRF (routing domain) of a network for which none was named. Its events and allocation ids do not name it. */
export const DEFAULT_VRF = 'default';

export const VRF_RULE = '1 to 64 letters, digits and . _ -, first and last a letter or digit';
/** Safe in a URL, and without the `/` that separates a VRF from an address in a cursor. */
export const VRF_PATTERN = '^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$';

const NAME = new RegExp(VRF_PATTERN);

export function isVrfName(text: string): boolean {
  return NAME.test(text);
}
