// Made by scripts/assets.mjs.
export const assets = {
  script: '/assets/app-75e3a7cb48.js',
  editor: '/assets/editor-2bb443a513.js',
  style: '/assets/app-a36abd240f.css',
  icon: '/assets/icon-3b754b8fff.svg',
};
