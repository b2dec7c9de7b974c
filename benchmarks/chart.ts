// Horizontal bars as SVG: one group for each scenario, one bar for each who took part. Text and shapes only, so that it reads well in light and dark.

export interface Bar {
  readonly label: string
  readonly value: number
  readonly text: string
}

export interface Group {
  readonly title: string
  readonly bars: readonly Bar[]
}

const [width, labelWidth, barHeight, gap, titleHeight, textRoom] = [720, 150, 18, 6, 26, 110]
const colors = ['#2f6fdb', '#9aa4b2', '#b5892e', '#5b8f5b', '#a05a7d', '#6b7280']

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** Each group has a scale of its own: a bar's length is its share of the group's largest value. */
export function barChart(title: string, groups: readonly Group[]): string {
  const shapes: string[] = []
  let y = titleHeight + gap
  for (const group of groups) {
    shapes.push(`<text x="0" y="${y + 14}" class="group">${escaped(group.title)}</text>`)
    y += titleHeight - gap
    const largest = Math.max(...group.bars.map(({ value }) => value), Number.MIN_VALUE)
    for (const [i, { label, value, text }] of group.bars.entries()) {
      const length = Math.max(1, Math.round((value / largest) * (width - labelWidth - textRoom)))
      shapes.push(
        `<text x="${labelWidth - 8}" y="${y + 13}" text-anchor="end">${escaped(label)}</text>`,
        `<rect x="${labelWidth}" y="${y}" width="${length}" height="${barHeight}" rx="2" fill="${colors[i % colors.length]}"/>`,
        `<text x="${labelWidth + length + 6}" y="${y + 13}">${escaped(text)}</text>`,
      )
      y += barHeight + gap
    }
    y += 2 * gap
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" role="img" aria-label="${escaped(title)}">`,
    '<style>text{font:12px system-ui,sans-serif;fill:#57606a}.group,.title{font-weight:600;fill:#1f2328}',
    '@media(prefers-color-scheme:dark){text{fill:#9198a1}.group,.title{fill:#f0f6fc}}</style>',
    `<text x="0" y="16" class="title">${escaped(title)}</text>`,
    ...shapes,
    '</svg>',
    '',
  ].join('\n')
}
