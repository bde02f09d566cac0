namespace Mesh.Builder.Git;

/// <summary>
/// The hook that git runs before it takes a push. It packs the commit, which only the hook's own environment can see yet, hands the
/// references to the builder over a loopback connection, and shows what comes back.
/// </summary>
internal static class PushHook
{
    /// <summary>Begins the last line of an answer; what follows is the hook's exit code.</summary>
    public const string Verdict = "\u0001verdict ";

    private const string Script = """
        #!/bin/bash
        # Written by the builder at each start.
        set -u
        refuse() { echo "$1" >&2; exit 1; }
        exec 3<>"/dev/tcp/127.0.0.1/$MESH_PUSH_PORT" || refuse 'The builder cannot be reached; push again.'
        printf '%s\n' "$MESH_PUSH_SECRET" >&3
        while read -r old new ref; do
          case $ref in
            refs/heads/main | refs/heads/master)
              if [ -n "${new//0/}" ]; then
                git archive --format=tar.gz -o "$MESH_PUSH_FOLDER/$new.tar.gz" "$new" || refuse "The commit $new cannot be packed."
              fi ;;
          esac
          printf '%s %s %s\n' "$old" "$new" "$ref" >&3
        done
        printf '\n' >&3
        while IFS= read -r line <&3; do
          case $line in
            $'\001verdict '*) exit "${line#$'\001verdict '}" ;;
            *) printf '%s\n' "$line" >&2 ;;
          esac
        done
        refuse 'The builder went away before the build ended; push again.'

        """;

    public static void WriteTo(string path)
    {
        File.WriteAllText(path, Script.ReplaceLineEndings("\n"));
        File.SetUnixFileMode(path, (UnixFileMode)0x1ED); // rwxr-xr-x
    }
}
