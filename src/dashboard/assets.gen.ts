// Made by scripts/assets.mjs.
export const assets = {
  script: '/assets/app-00d051aa8f.js',
  style: '/assets/app-750a102d30.css',
  icon: '/assets/icon-3b754b8fff.svg',
};
