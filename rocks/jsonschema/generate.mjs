// rocks/jsonschema/generate.mjs -- writes properties.lua from the Unicode tables of the JavaScript engine.
// Usage: node rocks/jsonschema/generate.mjs > rocks/jsonschema/properties.lua
// What `\p{..}` means is JavaScript's to say, so its own engine is asked; its version of Unicode is named in
// what is written.  Python knows the names of scripts by none of its tables, and Node has no list of them: the
// list below is ISO 15924's, and what the engine does not know is left out.

const CATEGORIES = 'Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co'.split(' ')
const BINARY = 'Alphabetic Uppercase Lowercase White_Space ID_Start ID_Continue Emoji Emoji_Presentation'.split(' ')
const SCRIPTS = `Adlam Arabic Armenian Balinese Bamum Batak Bengali Bopomofo Braille Buginese Buhid Canadian_Aboriginal Chakma
  Cham Cherokee Common Coptic Cyrillic Devanagari Ethiopic Georgian Gothic Greek Gujarati Gurmukhi Han Hangul Hanunoo
  Hebrew Hiragana Inherited Javanese Kannada Katakana Kayah_Li Khmer Lao Latin Lepcha Limbu Lisu Mandaic
  Malayalam Meetei_Mayek Mongolian Myanmar New_Tai_Lue Nko Ol_Chiki Old_Persian Oriya Osage Phags_Pa Rejang Runic
  Samaritan Saurashtra Sinhala Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Tamil Telugu
  Thaana Thai Tibetan Tifinagh Vai Yi`.split(/\s+/)
const LIMIT = 0x110000

// "gap length" pairs in base 36, both less what is told already: gap from the end of the one before, length - 1.
function ranges(property) {
  const test = new RegExp(`\\p{${property}}`, 'u')
  const words = []
  let end = 0
  for (let cp = 0; cp < LIMIT; cp++) {
    if (!test.test(String.fromCodePoint(cp))) continue
    const first = cp
    while (cp + 1 < LIMIT && test.test(String.fromCodePoint(cp + 1))) cp++
    const length = cp - first
    words.push((first - end).toString(36) + (length ? '-' + length.toString(36) : ''))
    end = cp + 1
  }
  return words
}

function wrap(words) {
  const lines = ['']
  for (const word of words) {
    if (lines.at(-1).length + word.length > 116) lines.push('')
    lines[lines.length - 1] += (lines.at(-1) ? ' ' : '') + word
  }
  return lines.join('\n')
}

function table(name, properties, prefix) {
  console.log(`  ${name} = [[`)
  console.log(wrap(properties.flatMap((p) => [p + ':', ...ranges(prefix + p)])))
  console.log('  ]],')
}

console.log('-- rocks/jsonschema/properties.lua -- written by generate.mjs from the tables of a JavaScript engine; do not edit.')
console.log('return {')
console.log(`  version = "${process.versions.unicode}",`)
console.log('  -- name:, then ranges: gap[-how many more], base 36')
table('categories', CATEGORIES, 'gc=')
table('scripts', SCRIPTS, 'sc=')
table('binary', BINARY, '')
console.log('}')
