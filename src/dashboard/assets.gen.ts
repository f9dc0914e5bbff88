// Made by scripts/assets.mjs.
export const assets = {
  script: '/assets/app-9807e8a01a.js',
  editor: '/assets/editor-2bb443a513.js',
  style: '/assets/app-9b74f35c65.css',
  icon: '/assets/icon-3b754b8fff.svg',
};
