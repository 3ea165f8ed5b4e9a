-- contentcheck in Neovim 0.11 or later: put this into init.lua, or into a file below lua/ that it requires.

vim.filetype.add({ extension = { content = "contentcheck" } })
vim.lsp.config("contentcheck", {
  cmd = { "contentcheck", "server" },
  filetypes = { "contentcheck", "yaml" },
  root_markers = { "contentcheck.toml", ".git" },
})
vim.lsp.enable("contentcheck")
vim.api.nvim_create_autocmd("FileType", {
  pattern = "contentcheck",
  callback = function(event)
    vim.bo[event.buf].commentstring = "# %s"
  end,
})
