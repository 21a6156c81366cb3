import type { Config } from '../../base/config.js'

/** Where the server of these settings answers. */
export const defaultUrl = ({ host, port }: Config) => `http://${host}:${port}/fhir`

/** @throws Error  not a URL that the tools can talk to */
export function httpUrl(text: string): string {
  if (!URL.canParse(text) || !text.startsWith('http:')) throw new Error('--url is not an http: URL')
  return text
}

/** @throws Error  names the option and what it may be */
export function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < least)
    throw new Error(`--${option} is not a whole number from ${least}`)
  return number
}
