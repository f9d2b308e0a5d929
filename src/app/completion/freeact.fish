# fish completion for freeact: freeact completion fish | source

function __freeact_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l found ($words[1] complete $words[2..-1] "$word" 2>/dev/null)
    if test (count $found) -gt 0
        string join \n -- $found
    else
        __fish_complete_path "$word"
    end
end

complete -c freeact -f -a '(__freeact_complete)'
