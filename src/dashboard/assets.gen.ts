// Made by scripts/assets.mjs.
export const assets = {
  script: '/assets/app-b38b94cf86.js',
  editor: '/assets/editor-2bb443a513.js',
  style: '/assets/app-656867cc7b.css',
  icon: '/assets/icon-3b754b8fff.svg',
};
