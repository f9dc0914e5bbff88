// Made by scripts/assets.mjs.
export const assets = {
  script: '/assets/app-e77a420d08.js',
  editor: '/assets/editor-2bb443a513.js',
  style: '/assets/app-531406cf49.css',
  icon: '/assets/icon-3b754b8fff.svg',
};
