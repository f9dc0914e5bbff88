// Made by scripts/assets.mjs.
export const assets = {
  script: '/assets/app-7f178e38c2.js',
  editor: '/assets/editor-2bb443a513.js',
  style: '/assets/app-f388946b81.css',
  icon: '/assets/icon-3b754b8fff.svg',
};
