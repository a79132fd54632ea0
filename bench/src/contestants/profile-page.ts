/** The page that every contestant shows to a signed-in visitor. */
export function profilePage(id: string, name: string, avatarUrl: string): string {
  return `<!doctype html><title>${name}</title><img src="${avatarUrl}" alt=""><h1>${name}</h1><p>${id}</p>`;
}
