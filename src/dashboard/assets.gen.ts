// Made by scripts/assets.mjs.
export const assets = {
  script: '/assets/app-00d051aa8f.js',
  style: '/assets/app-901a79f6d2.css',
  icon: '/assets/icon-3b754b8fff.svg',
};
