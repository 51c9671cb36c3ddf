/** Text and pieces of an SVG picture. */
type Attributes = Readonly<Record<string, string | number>>;

/** One element; numbers are told to a hundredth of a pixel. */
export function element(name: string, attributes: Attributes, ...content: readonly string[]): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${attribute(value)}"`);
  const open = `<${name}${written.join('')}`;
  return content.length === 0 ? `${open}/>` : `${open}>${content.join('')}</${name}>`;
}

export function text(attributes: Attributes, words: string): string {
  return element('text', attributes, escape(words));
}

/** A picture that needs nothing from elsewhere. @param title what it is called for those who do not see it */
export function picture(width: number, height: number, title: string, content: readonly string[]): string {
  const attributes = {
    ...{ xmlns: 'http://www.w3.org/2000/svg', width, height, viewBox: `0 0 ${width} ${height}` },
    ...{ role: 'img', 'font-family': 'sans-serif', 'font-size': 13, fill: '#222222' },
  };
  const background = element('rect', { width, height, fill: '#ffffff' });
  const lines = [element('title', {}, escape(title)), background, ...content];
  return `${element('svg', attributes, '\n', lines.join('\n'), '\n')}\n`;
}

function attribute(value: string | number): string {
  return typeof value === 'number' ? String(Math.round(value * 100) / 100) : escape(value);
}

function escape(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
