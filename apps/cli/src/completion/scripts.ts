/** The scripts ask the program as it was called, so that they work for a link or a path, too. */
export const completionScripts: Readonly<Record<string, string>> = {
  bash: `# bakehouse completion for bash
_bakehouse() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _bakehouse bakehouse
`,
  zsh: `#compdef bakehouse
# bakehouse completion for zsh
_bakehouse() {
  local -a candidates
  candidates=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${candidates[1]}" ]]; then compadd -a candidates; else _files; fi
}
# As a file in $fpath it is called at once, by eval or source it only registers.
if [[ "\${funcstack[1]}" == _bakehouse ]]; then _bakehouse "$@"; else compdef _bakehouse bakehouse; fi
`,
  fish: `# bakehouse completion for fish
function __bakehouse_complete
  set -l words (commandline -opc)
  $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c bakehouse -f -a '(__bakehouse_complete)'
`,
};
