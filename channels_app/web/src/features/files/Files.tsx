/** The files of a message: pictures as pictures, sound and film to play, everything else to download. */
import type { FileInfo } from "../../api/types";
import { openDialog } from "../../app/ui";
import { sizeOf } from "../../text/time";
import { Icon } from "../../ui/Icon";
import css from "./Files.module.css";

const WIDEST = 380;
const HIGHEST = 280;

export function Files({ files }: { files: readonly FileInfo[] }) {
  return (
    <ul className={css.files}>
      {files.map((file) => (
        <li key={file.id}>{one(file)}</li>
      ))}
    </ul>
  );
}

function one(file: FileInfo) {
  if (file.preview_url) return <Picture file={file} preview={file.preview_url} />;
  if (/^audio\/(mpeg|ogg|wav|webm|mp4)$/.test(file.type)) {
    // biome-ignore lint/a11y/useMediaCaption: people's recordings have no captions
    return <audio className={css.audio} controls preload="none" src={file.url} />;
  }
  return <Download file={file} />;
}

/** The place is kept free before the picture comes, so that nothing jumps when it does. */
function Picture({ file, preview }: { file: FileInfo; preview: string }) {
  const width = file.width ?? WIDEST;
  const height = file.height ?? HIGHEST;
  const scale = Math.min(1, WIDEST / width, HIGHEST / height);
  return (
    <button
      type="button"
      className={css.picture}
      aria-label={`Open the picture ${file.name}`}
      title={file.name}
      onClick={() => openDialog({ kind: "image", file })}
    >
      <img
        src={preview}
        alt={file.name}
        loading="lazy"
        width={Math.max(24, Math.round(width * scale))}
        height={Math.max(24, Math.round(height * scale))}
      />
    </button>
  );
}

function Download({ file }: { file: FileInfo }) {
  return (
    <a className={css.file} href={file.url} download={file.name}>
      <span className={css.icon}>
        <Icon name="file" />
      </span>
      <span className={css.words}>
        <strong>{file.name}</strong>
        <small>{sizeOf(file.size)}</small>
      </span>
      <Icon name="download" size={18} />
    </a>
  );
}
