// The words that stand in no HTML: those made while the page is used.

export const language = () => document.documentElement.lang;

const WORDS = {
  en: {
    digits: ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    digit: (name, seed) => `${name ?? "a digit"}, seed ${seed}`,
    bent: (name) => `${name ?? "a digit"}, a hand of your own`,
    written: (text, seed) => `${text}, in the hand of seed ${seed}`,
    sheet: (first, last) => `Seeds ${first} to ${last}`,
    between: (a, b, share) => `${share} % of the way from ${a} to ${b}`,
    model: (name, seed) => `twenty digits by ${name}, from seed ${seed}`,
    film: (name, images) => `ten digits by ${name} after ${images} images`,
    images: (images) => `${images} images seen`,
    real: (specks, distance, agreement) => `Real digits: ${specks} specks, ${distance} from each other, ${agreement} read right.`,
    unlabelled: "None of the models here can be told which digit to write.",
    unknownKey: "This key is not known here.",
    unwritable: (characters) => `Only ${characters || "digits"}, blanks and - . : / , can be written.`,
    busy: "The service is busy. The digits will come by themselves.",
    away: "The service does not answer just now. This page keeps trying.",
    alone: "The service does not answer just now. This page writes by itself meanwhile; downloads and other models need the service.",
    coming: "The network that writes is on its way.",
    cannotWrite: "This browser could not get the network that writes, or cannot compute it. A reload may help.",
    copied: "Copied",
    play: "Play",
    pause: "Pause",
    title: "the hand that writes",
    number: (i) => `number ${i}`,
  },
  ja: {
    digits: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    digit: (name, seed) => `${name ?? "数字"}、シード ${seed}`,
    bent: (name) => `${name ?? "数字"}、あなたの書きぶり`,
    written: (text, seed) => `${text}、シード ${seed} の書きぶり`,
    sheet: (first, last) => `シード ${first} 〜 ${last}`,
    between: (a, b, share) => `「${a}」から「${b}」へ ${share} %`,
    model: (name, seed) => `${name} が書いた数字20個、シード ${seed} から`,
    film: (name, images) => `${images} 枚を見た ${name} が書いた数字10個`,
    images: (images) => `${images} 枚を見た時点`,
    real: (specks, distance, agreement) => `本物の数字では、砂粒は ${specks}、互いの距離は ${distance}、正しく読める割合は ${agreement} です。`,
    unlabelled: "ここには、どの数字を書くかを指定できるモデルがありません。",
    unknownKey: "このキーは登録されていません。",
    unwritable: (characters) => `書けるのは${characters ? ` ${characters} ` : "数字"}と空白、それに - . : / , です。`,
    busy: "ただいま混み合っています。しばらくすると表示されます。",
    away: "サービスから応答がありません。自動的につなぎ直しています。",
    alone: "サービスから応答がないため、このページがブラウザーの中で書いています。ダウンロードやほかのモデルには、サービスが必要です。",
    coming: "字を書くネットワークを読み込んでいます。",
    cannotWrite: "字を書くネットワークを読み込めないか、このブラウザーでは計算できません。再読み込みをお試しください。",
    copied: "コピーしました",
    play: "再生",
    pause: "一時停止",
    title: "数字の書き手",
    number: (i) => `${i} 番目の数`,
  },
};

/** The words of the page's language. */
export const words = () => WORDS[language()];

export const counted = (number) => number.toLocaleString(language());
