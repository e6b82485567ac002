// Search as you type for the GPU, the data folder's files for the data; a form that was sent is not sent twice.
import { combobox } from "./combobox.js";

const form = document.getElementById("study-form");
combobox(form.elements.gpu, "/gpus/suggestions");
form.elements.data.setAttribute("list", "files");
form.addEventListener("submit", () => { form.querySelector("[type=submit]").disabled = true; });
addEventListener("pageshow", () => { form.querySelector("[type=submit]").disabled = false; });
document.documentElement.dataset.ready = "true";
