/** A picture in full. */
import type { FileInfo } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { sizeOf } from "../../text/time";
import buttons from "../../ui/Button.module.css";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import css from "./Files.module.css";

export function ImageDialog({ file }: { file: FileInfo }) {
  return (
    <Dialog title={file.name} description={sizeOf(file.size)} onClose={closeDialog} wide>
      <div className={css.viewer}>
        <img src={file.url} alt={file.name} />
      </div>
      <DialogFoot>
        <a className={`${buttons.button} ${buttons.plain}`} href={file.url} download={file.name}>
          <Icon name="download" size={18} /> Download
        </a>
      </DialogFoot>
    </Dialog>
  );
}
