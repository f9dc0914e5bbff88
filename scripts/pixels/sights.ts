/** How each page is looked at. */
export const sights = [
  { name: 'light, 1280 px', colorScheme: 'light', width: 1280 },
  { name: 'dark, 1280 px', colorScheme: 'dark', width: 1280 },
  { name: 'dark, 320 px', colorScheme: 'dark', width: 320 },
  { name: 'light, 320 px', colorScheme: 'light', width: 320 },
] as const;

export interface Shot {
  /** As the stored texts are named. */
  name: string;
  status: number;
  /** A file for each of `sights`. */
  pictures: string[];
}
