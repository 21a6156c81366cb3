// Parts of a JSON text as they were written. Taking a resource out by parse and stringify would turn the decimal
// 1.10 into 1.1; https://hl7.org/fhir/R4/datatypes.html#decimal asks for its digits to be kept.
// `member` and `elements` expect text that JSON.parse has accepted.

/** The value of a JSON text; undefined when it is none. */
export function parsed<T>(text: string): T | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The text of an object's member, or undefined. */
export function member(object: string, name: string): string | undefined {
  let at = afterSpace(object, 0) + 1
  for (;;) {
    at = afterSpace(object, at)
    if (object[at] === '}') return undefined
    const nameEnd = afterValue(object, at)
    const found = JSON.parse(object.slice(at, nameEnd)) === name
    const start = afterSpace(object, afterSpace(object, nameEnd) + 1)
    const end = afterValue(object, start)
    if (found) return object.slice(start, end)
    at = afterSpace(object, end)
    if (object[at] === ',') at++
  }
}

/** The texts of an array's elements. */
export function elements(array: string): string[] {
  const texts: string[] = []
  let at = afterSpace(array, 0) + 1
  for (;;) {
    at = afterSpace(array, at)
    if (array[at] === ']') return texts
    const end = afterValue(array, at)
    texts.push(array.slice(at, end))
    at = afterSpace(array, end)
    if (array[at] === ',') at++
  }
}

function afterSpace(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) <= 0x20) at++
  return at
}

function afterValue(text: string, from: number): number {
  const first = text[from]
  if (first === '"') return afterString(text, from)
  if (first !== '{' && first !== '[') {
    const scalar = /[-+.\w]+/y
    scalar.lastIndex = from
    return from + (scalar.exec(text)?.[0].length ?? 0)
  }
  let depth = 0
  for (let at = from; ; ) {
    const character = text[at]
    if (character === '"') {
      at = afterString(text, at)
      continue
    }
    if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
    at++
    if (depth === 0) return at
  }
}

function afterString(text: string, from: number): number {
  for (let at = from + 1; ; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x5c) at++
    else if (code === 0x22) return at + 1
  }
}
