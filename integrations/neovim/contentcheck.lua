-- contentcheck in Neovim 0.11 or later: put this into init.lua, or into a file below lua/ that it requires.

vim.filetype.add({ extension = { content = "contentcheck" } })
vim.lsp.config("contentcheck", {
  cmd = { "contentcheck", "server" },
  filetypes = { "contentcheck", "yaml" },
  -- YAML is content only where it belongs to a release.
  root_dir = function(buffer, start)
    local release = vim.fs.root(buffer, "contentcheck.toml")
    if release or vim.bo[buffer].filetype == "contentcheck" then
      start(release or vim.fs.root(buffer, ".git") or vim.fs.dirname(vim.api.nvim_buf_get_name(buffer)))
    end
  end,
})
vim.lsp.enable("contentcheck")
vim.api.nvim_create_autocmd("FileType", {
  pattern = "contentcheck",
  callback = function(event)
    vim.bo[event.buf].commentstring = "# %s"
  end,
})
