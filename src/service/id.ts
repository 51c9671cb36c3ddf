/** Makes an id of a kind and eight random digits, such as `net-4f0k2m9z`. @param random uniform in [0, 1) */
export function newId(kind: string, random: () => number): string {
  const digits = Array.from({ length: 8 }, () => Math.floor(random() * 36).toString(36));
  return `${kind}-${digits.join('')}`;
}
