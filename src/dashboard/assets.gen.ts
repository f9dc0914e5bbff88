// Made by scripts/assets.mjs.
export const assets = {
  script: '/assets/app-08f26a58cd.js',
  editor: '/assets/editor-2bb443a513.js',
  style: '/assets/app-a6fdec5528.css',
  icon: '/assets/icon-3b754b8fff.svg',
};
