-- Drives Neovim as `test` beside this file starts it: the configuration of contentcheck.lua on a copy of a release. Each
-- step prints a line; the first that fails ends Neovim with 1.

local release = assert(os.getenv("RELEASE"))
local WAIT = tonumber(os.getenv("WAIT") or 20000)

vim.o.showmode = false

dofile(assert(os.getenv("CONFIGURATION")))

local count = 0
local function step(name, work)
  local ok, message = xpcall(work, debug.traceback)
  io.stdout:write(("%s %s\n"):format(ok and "ok" or "FAILED", name))
  if not ok then
    io.stdout:write(message .. "\n")
    vim.cmd("cquit 1")
  end
  count = count + 1
end

local function wait(what, condition)
  assert(vim.wait(WAIT, condition, 50), "waited in vain for " .. what)
end

--- Opens a file of the release, with the server attached.
local function open(name)
  vim.cmd.edit(release .. "/" .. name)
  wait("the server", function()
    return #vim.lsp.get_clients({ bufnr = 0, name = "contentcheck" }) == 1
  end)
  return vim.api.nvim_get_current_buf()
end

--- Puts the cursor at the beginning of what is found, or `offset` bytes on.
local function at(text, offset)
  for line, content in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
    local column = content:find(text, 1, true)
    if column then
      vim.api.nvim_win_set_cursor(0, { line, column - 1 + (offset or 0) })
      return
    end
  end
  error("`" .. text .. "` is not in the file")
end

local function client()
  return vim.lsp.get_clients({ bufnr = 0, name = "contentcheck" })[1]
end

--- Asks about the place of the cursor.
local function ask(method, more)
  local parameters = vim.lsp.util.make_position_params(0, client().offset_encoding)
  parameters = vim.tbl_extend("force", parameters, more or {})
  local answers = assert(vim.lsp.buf_request_sync(0, method, parameters, WAIT), method .. " has no answer")
  local answer = assert(answers[client().id])
  assert(answer.err == nil, vim.inspect(answer.err))
  return answer.result
end

local function findings(buffer, code)
  return vim.tbl_filter(function(found)
    return found.code == code
  end, vim.diagnostic.get(buffer))
end

local function lines(from, to)
  return table.concat(vim.api.nvim_buf_get_lines(0, from, to, false), "\n")
end

step("a finding has its code and its place", function()
  local buffer = open("rules/shell.content")
  assert(vim.bo.filetype == "contentcheck")
  wait("CC0202", function()
    return #findings(buffer, "CC0202") == 1
  end)
  local found = findings(buffer, "CC0202")[1]
  assert(found.source == "contentcheck" and found.severity == vim.diagnostic.severity.ERROR)
  assert(vim.api.nvim_buf_get_text(buffer, found.lnum, found.col, found.end_lnum, found.end_col, {})[1] == "imag")
end)

step("hover says what supplies a field", function()
  at("pid >")
  local text = ask("textDocument/hover").contents.value
  assert(text:find("`pid` of `acme.process @ 1`", 1, true) and text:find("supplied by", 1, true), text)
end)

step("definition leads to the list, and to the template type in another file", function()
  at("shells and")
  vim.lsp.buf.definition()
  wait("the jump", function()
    return vim.api.nvim_win_get_cursor(0)[1] == 1
  end)
  at("acme.process")
  vim.lsp.buf.definition()
  wait("the other file", function()
    return vim.api.nvim_buf_get_name(0):find("templates.content", 1, true) ~= nil
  end)
  assert(vim.api.nvim_get_current_line():find("^template acme.process"))
end)

step("references are found in both languages", function()
  open("rules/shell.content")
  at("image ends_with")
  local found = ask("textDocument/references", { context = { includeDeclaration = true } })
  local files = {}
  for _, place in ipairs(found) do
    files[vim.fs.basename(vim.uri_to_fname(place.uri))] = true
  end
  assert(files["curl.yml"] and files["shell.content"] and files["templates.content"], vim.inspect(files))
end)

step("rename changes every place", function()
  at("quiet =")
  vim.lsp.buf.rename("without_profile")
  wait("the new name", function()
    return select(2, lines(0, -1):gsub("without_profile", "")) == 2
  end)
  assert(not lines(0, -1):find("quiet"))
end)

step("a suggestion is applied", function()
  at("imag ==")
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      return action.title:find("^Suggestion") ~= nil
    end,
  })
  wait("the edit", function()
    return lines(0, -1):find('when image == "/bin/ls"', 1, true) ~= nil
  end)
  local buffer = vim.api.nvim_get_current_buf()
  wait("the finding to go", function()
    return #findings(buffer, "CC0202") == 0
  end)
end)

step("completion of fields, in a native file", function()
  at("and pid > 100")
  vim.api.nvim_feedkeys("C" .. "and p", "xt", false)
  vim.api.nvim_win_set_cursor(0, { vim.fn.line("."), #vim.api.nvim_get_current_line() })
  local found = ask("textDocument/completion", {})
  local labels = vim.tbl_map(function(item)
    return item.label
  end, found.items or found)
  assert(vim.tbl_contains(labels, "pid"), vim.inspect(labels))
  vim.cmd("silent undo")
end)

step("a lens shows an event on which a rule fires", function()
  local lenses = ask("textDocument/codeLens", {})
  local first = assert(lenses[1], "there is no lens").command
  assert(first.title == "fires on", vim.inspect(lenses))
  local shown = ask("workspace/executeCommand", { command = first.command, arguments = first.arguments })
  assert(shown.text:find("test fires {", 1, true), vim.inspect(shown))
end)

step("formatting", function()
  at("    severity: high")
  vim.api.nvim_set_current_line("severity:    high")
  vim.lsp.buf.format({ timeout_ms = WAIT })
  assert(vim.api.nvim_buf_get_lines(0, 0, -1, false)[vim.fn.line(".")] == "    severity: high", lines(0, -1))
end)

step("a fix is applied to a Sigma rule", function()
  local buffer = open("rules/curl.yml")
  assert(vim.bo.filetype == "yaml")
  wait("CC0713", function()
    return #findings(buffer, "CC0713") == 1
  end)
  at("Attack.T1105")
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      return action.isPreferred
    end,
  })
  wait("the edit", function()
    return lines(0, -1):find("- attack.t1105", 1, true) ~= nil
  end)
end)

step("completion of modifiers, in a Sigma rule", function()
  at("command_line|contains", #"command_line|")
  local found = ask("textDocument/completion", {})
  local labels = vim.tbl_map(function(item)
    return item.label
  end, found.items or found)
  assert(vim.tbl_contains(labels, "endswith"), vim.inspect(labels))
end)

step("YAML outside of a release has no server", function()
  vim.cmd.edit(vim.fs.dirname(release) .. "/compose.yml")
  vim.bo.filetype = "yaml"
  vim.wait(1000)
  assert(#vim.lsp.get_clients({ bufnr = 0 }) == 0)
end)

step("native content outside of a release has one", function()
  vim.cmd.edit(vim.fs.dirname(release) .. "/alone.content")
  vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'list unused = ["a"' })
  local buffer = vim.api.nvim_get_current_buf()
  wait("a finding", function()
    return #vim.diagnostic.get(buffer) > 0
  end)
end)

step("the server leaves when Neovim asks it to", function()
  local id = client().id
  client():stop()
  wait("its end", function()
    return vim.lsp.get_client_by_id(id) == nil
  end)
end)

io.stdout:write(("%d passed, 0 failed\n"):format(count))
vim.cmd("qall!")
