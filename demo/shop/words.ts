// What the sample shop's names are made of.

export interface Range {
  readonly category: string;
  /** Name, lowest and highest price in cents. */
  readonly goods: readonly (readonly [name: string, fromCents: number, toCents: number])[];
  readonly variants: readonly string[];
}

export const ranges: readonly Range[] = [
  {
    category: "Notebooks",
    goods: [
      ["Pocket notebook", 490, 690],
      ["Field notes, set of three", 990, 1290],
      ["Cloth-bound journal", 1690, 2490],
      ["Reporter's pad", 390, 590],
    ],
    variants: ["plain", "ruled", "dotted", "squared"],
  },
  {
    category: "Pens & pencils",
    goods: [
      ["Cedar pencil", 120, 190],
      ["Rollerball", 790, 1290],
      ["Steel fountain pen", 2900, 4900],
      ["Drafting pencil", 1190, 1790],
    ],
    variants: ["fine", "medium", "broad", "extra soft"],
  },
  {
    category: "Inks",
    goods: [
      ["Bottled ink 30 ml", 890, 1390],
      ["Cartridges, box of six", 290, 490],
      ["Iron-gall ink", 1290, 1690],
    ],
    variants: ["midnight", "moss", "oxblood", "slate"],
  },
  {
    category: "Paper",
    goods: [
      ["Letter paper, 50 sheets", 690, 1190],
      ["Airmail pad", 490, 690],
      ["Cotton envelopes, 25", 590, 890],
      ["Watercolour block", 1490, 2690],
    ],
    variants: ["white", "ivory", "grey", "sky"],
  },
  {
    category: "Desk",
    goods: [
      ["Brass ruler", 890, 1290],
      ["Oak pen tray", 1990, 2990],
      ["Paper clips, tin of 80", 390, 590],
      ["Desk lamp", 6900, 9900],
    ],
    variants: ["small", "large"],
  },
  {
    category: "Bags",
    goods: [
      ["Canvas satchel", 7900, 11900],
      ["Pencil roll", 1890, 2490],
      ["Document sleeve", 2490, 3490],
    ],
    variants: ["olive", "charcoal", "rust"],
  },
  {
    category: "Prints & cards",
    goods: [
      ["Letterpress card", 290, 450],
      ["Postcards, set of ten", 690, 990],
      ["Linocut print", 2400, 4200],
    ],
    variants: ["harbour", "orchard", "winter", "swallows"],
  },
  {
    category: "Gifts",
    goods: [
      ["Sealing-wax kit", 1490, 1990],
      ["Calligraphy set", 2900, 3900],
      ["Gift wrap, three sheets", 490, 790],
    ],
    variants: ["classic", "festive"],
  },
];

export const firstNames: readonly string[] = (
  "Ada Amara Anders Anja Aoife Arjun Astrid Beatriz Bram Camille Carlos Chiara Daan Dalia Dara Eero Elif Elin Emeka Esther Farah Femke Fiona Gabriel Greta Hana " +
  "Hugo Ines Ingrid Ivo Jamal Jana Joana Jonas Kaito Karin Kofi Laila Lars Leonie Liam Lucia Maja Marek Mateo Mei Milan Mira Nadia Niamh Nils Noor Olga Oskar Paula " +
  "Priya Rafael Rosa Samir Sanna Selma Sofia Stefan Tariq Tess Thandi Tomas Uma Vera Viktor Wanda Yara Yusuf Zofia"
).split(" ");

export const lastNames: readonly string[] = (
  "Abebe Almeida Andersson Bakker Banerjee Bauer Bergman Bianchi Byrne Costa Dahl Demir Diallo Dubois Eriksen Farouk Ferrari Fischer Garcia Hansen Haddad Hoffmann Horvath " +
  "Ivanova Jansen Jensen Kaya Keller Kim Kovacs Kowalski Larsen Laurent Lindqvist Lopez Martin Mendes Moreau Mensah Murphy Nakamura Nguyen Nielsen Novak Okafor Olsen " +
  "Patel Pereira Petrov Popescu Rossi Sato Schmidt Silva Smith Svensson Tanaka Tran Virtanen Visser Vogel Walsh Weber Wojcik Yilmaz Zeman"
).split(" ");

export const cities: readonly (readonly [city: string, country: string])[] = [
  ["Amsterdam", "Netherlands"],
  ["Utrecht", "Netherlands"],
  ["Copenhagen", "Denmark"],
  ["Aarhus", "Denmark"],
  ["Berlin", "Germany"],
  ["Hamburg", "Germany"],
  ["Leipzig", "Germany"],
  ["Lisbon", "Portugal"],
  ["Porto", "Portugal"],
  ["Lyon", "France"],
  ["Paris", "France"],
  ["Nantes", "France"],
  ["Dublin", "Ireland"],
  ["Cork", "Ireland"],
  ["Milan", "Italy"],
  ["Turin", "Italy"],
  ["Oslo", "Norway"],
  ["Bergen", "Norway"],
  ["Stockholm", "Sweden"],
  ["Malmö", "Sweden"],
  ["Helsinki", "Finland"],
  ["Kraków", "Poland"],
  ["Warsaw", "Poland"],
  ["Prague", "Czechia"],
  ["Vienna", "Austria"],
  ["Zürich", "Switzerland"],
];

/** By stars, from one to five. */
export const opinions: readonly (readonly string[])[] = [
  ["Arrived bent, and nobody answered my letter.", "Bleeds through every page.", "Not what the picture shows."],
  ["Fine to look at, poor to write with.", "Too expensive for what it is.", "The clasp broke within a week."],
  ["Does what it should.", "Good, but the colour is off.", "Decent. I have had better."],
  [
    "Lovely to write on; a little smaller than I thought.",
    "Well made, quick delivery.",
    "Would buy again, in another colour.",
  ],
  [
    "The best I have ever had.",
    "A present that was passed round the table.",
    "Bought one, then three more.",
    "Worth every cent.",
  ],
];
