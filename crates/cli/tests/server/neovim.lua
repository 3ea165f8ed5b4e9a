-- A session in Neovim: what an editor would show is written a line each.
local function say(...) io.stderr:write(table.concat({ ... }, " "), "\n") end
local function wait(is_so) assert(vim.wait(60000, is_so, 20), "waited in vain") end
local function ask(method, parameters)
  local client = vim.lsp.get_clients({ bufnr = 0 })[1]
  local answer = client:request_sync(method, parameters, 60000, 0)
  assert(answer and not answer.err, vim.inspect(answer))
  return answer.result
end
local function at(line, text)
  local column = vim.api.nvim_buf_get_lines(0, line - 1, line, true)[1]:find(text, 1, true)
  vim.api.nvim_win_set_cursor(0, { line, column - 1 })
  return vim.lsp.util.make_position_params(0, vim.lsp.get_clients({ bufnr = 0 })[1].offset_encoding)
end

local function session()
  vim.cmd.edit("rules/shell.content")
  wait(function() return #vim.lsp.get_clients({ bufnr = 0 }) > 0 end)
  wait(function() return #vim.diagnostic.get(0) > 0 end)
  local found = vim.diagnostic.get(0)[1]
  say("finding", found.code, (found.lnum + 1) .. ":" .. (found.col + 1))
  local hover = ask("textDocument/hover", at(9, "pid"))
  say("hover", (hover.contents.value:gsub("\n.*", "")))
  local place = ask("textDocument/definition", at(9, "pid"))[1]
  local start = place.range.start
  say("definition", vim.fs.basename(vim.uri_to_fname(place.uri)), (start.line + 1) .. ":" .. (start.character + 1))
  for _, item in ipairs(ask("textDocument/completion", at(9, "pid")).items) do
    if item.label == "user" then say("completion", item.label, item.detail) end
  end
  -- A code action as a user takes it.
  at(17, "imag")
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      if action.title:find("Suggestion") then
        say("action", action.title)
        return true
      end
      return false
    end,
  })
  wait(function() return vim.api.nvim_buf_get_lines(0, 16, 17, true)[1]:find("image ==", 1, true) ~= nil end)
  wait(function() return #vim.diagnostic.get(0) == 0 end)
  say("after the action", tostring(#vim.diagnostic.get(0)))
  at(1, "shells")
  vim.lsp.buf.rename("shell_names")
  wait(function() return vim.api.nvim_buf_get_lines(0, 8, 9, true)[1]:find("shell_names", 1, true) ~= nil end)
  say("rename", vim.api.nvim_buf_get_lines(0, 0, 1, true)[1])
  vim.cmd("silent undo")
  local names = {}
  for _, symbol in ipairs(ask("textDocument/documentSymbol", { textDocument = vim.lsp.util.make_text_document_params() })) do
    table.insert(names, symbol.name)
  end
  say("symbols", table.concat(names, ", "))
  vim.cmd("silent edit! rules/templates.content")
  wait(function() return #vim.lsp.get_clients({ bufnr = 0 }) > 0 end)
  vim.api.nvim_buf_set_lines(0, 3, 4, true, { "  1   image: string nocase" })
  vim.lsp.buf.format({ timeout_ms = 60000 })
  say("formatted", vim.trim(vim.api.nvim_buf_get_lines(0, 3, 4, true)[1]))
  local client = vim.lsp.get_clients({ bufnr = 0 })[1]
  local ended
  client.config.on_exit = nil
  vim.api.nvim_create_autocmd("LspDetach", { callback = function() ended = true end })
  client:stop()
  wait(function() return ended and client:is_stopped() end)
  say("ends 0")
end

vim.api.nvim_create_autocmd("VimEnter", {
  callback = function()
    local ok, problem = pcall(session)
    if not ok then say("failed", tostring(problem)) end
    vim.cmd("qall!")
  end,
})
