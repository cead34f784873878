// Horizontal bars as a picture, for light and dark pages.

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Drawn in the colour that stands out. */
  readonly isOurs: boolean;
}

/** One group of bars with a scale of its own. Bars without a number are left out. */
export interface Bars {
  readonly title: string;
  readonly digits: number;
  readonly bars: readonly Bar[];
}

const width = 760;
const nameWidth = 210;
const valueWidth = 60;
const barHeight = 18;
const lineHeight = 26;
const titleHeight = 40;
const margin = 10;

/** The text of an SVG file. Colours follow the reader's preference, and are readable where that is not known. */
export function barPicture(label: string, groups: readonly Bars[]): string {
  const parts: string[] = [];
  let y = margin;
  for (const group of groups) {
    const bars = group.bars.filter(({ value }) => Number.isFinite(value));
    parts.push(`<text class="title" x="${margin}" y="${y + 22}">${escaped(group.title)}</text>`);
    y += titleHeight;
    const largest = Math.max(...bars.map(({ value }) => value));
    for (const bar of bars) {
      parts.push(...drawn(bar, bar.value / largest, group.digits, y));
      y += lineHeight;
    }
    y += margin;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img">
<title>${escaped(label)}</title>
<style>
text { font: 14px system-ui, sans-serif; fill: #6b7280; }
.title { font-weight: 600; }
.bar { fill: #9ca3af; }
.ours { fill: #2f81f7; }
@media (prefers-color-scheme: light) { text { fill: #374151; } }
@media (prefers-color-scheme: dark) { text { fill: #d1d5db; } .bar { fill: #6b7280; } }
</style>
${parts.join("\n")}
</svg>
`;
}

function drawn({ name, value, isOurs }: Bar, share: number, digits: number, y: number): string[] {
  const room = width - nameWidth - valueWidth - 2 * margin;
  const length = Math.max(1, Math.round(share * room));
  const x = margin + nameWidth;
  const baseline = y + barHeight - 4;
  return [
    `<text x="${x - 8}" y="${baseline}" text-anchor="end">${escaped(name)}</text>`,
    `<rect class="${isOurs ? "ours" : "bar"}" x="${x}" y="${y}" width="${length}" height="${barHeight}" rx="3"/>`,
    `<text x="${x + length + 8}" y="${baseline}">${value.toFixed(digits)}</text>`,
  ];
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
